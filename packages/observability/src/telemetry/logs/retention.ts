/** How long a line is worth keeping, and may be: what the program says, who asked for what, and what must be provable. */
export const RETENTION_CLASSES = ["application", "access", "audit"] as const;
export type RetentionClass = (typeof RETENTION_CLASSES)[number];

export const DEPLOYMENT_ENVIRONMENTS = ["production", "staging", "development"] as const;
export type DeploymentEnvironment = (typeof DEPLOYMENT_ENVIRONMENTS)[number];

/** Days. Whatever deletes logs is generated from these. */
export const RETENTION_DAYS = {
  production: { application: 30, access: 90, audit: 365 },
  staging: { application: 7, access: 14, audit: 30 },
  development: { application: 3, access: 3, audit: 7 },
} as const satisfies Readonly<Record<DeploymentEnvironment, Readonly<Record<RetentionClass, number>>>>;
