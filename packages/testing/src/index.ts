export { totpCode } from "./authenticator-app.ts";
export { type TestCertificate, testCertificate } from "./certificate.ts";

export { startNginx, type TestNginx, type TestNginxOptions } from "./nginx.ts";
export { openDatabase } from "./open-database.ts";
export { type OtherPostgres, startDebianPostgres, startPostgres } from "./other-postgres.ts";
export { startPgAudit, type TestPgAudit } from "./pgaudit.ts";
export { startPgBouncer, type TestPgBouncer } from "./pgbouncer.ts";
export { freePort } from "./ports.ts";
export { startAlertmanager, startPrometheus, type TestMonitor } from "./prometheus.ts";
export { startRedis, type TestRedis } from "./redis.ts";
export { scratchPlace } from "./scratch-place.ts";
export { requireService, type Service, type ServiceName } from "./services.ts";
export { startSoftHsm, type TestToken } from "./softhsm.ts";
export { type TestDatabase, type TestDatabaseOptions, testDatabase } from "./test-database.ts";
export { startTestServer, type TestServer } from "./test-server.ts";
export { until } from "./until.ts";
