export { totpCode } from "./authenticator-app.ts";
export { type TestCertificate, testCertificate } from "./certificate.ts";
export { startNginx, type TestNginx, type TestNginxOptions } from "./nginx.ts";
export { freePort } from "./ports.ts";
export { startRedis, type TestRedis } from "./redis.ts";
export { requireService, type Service, type ServiceName } from "./services.ts";
export { startSoftHsm, type TestToken } from "./softhsm.ts";
export { type TestDatabase, type TestDatabaseOptions, testDatabase } from "./test-database.ts";
export { startTestServer, type TestServer } from "./test-server.ts";
