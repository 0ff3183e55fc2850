export { type TestDatabase, type TestDatabaseOptions, testDatabase } from "./test-database.ts";
export { startTestServer, type TestServer } from "./test-server.ts";
