-- Which keys were whose is asked for as long as the keys are in use: a device may serve for many years.
INSERT INTO audit_retention (class, keep_days) VALUES ('keys', 36500);
