import { createHash, createHmac, pbkdf2 } from "node:crypto";
import { promisify } from "node:util";

const ITERATIONS = 4_096;
const deriveKey = promisify(pbkdf2);

/**
 * What PostgreSQL keeps of a password (RFC 5802, section 3; `pg_authid.rolpassword`). Given in place of the password it keeps that out of
 * the statement, and so out of the server's log. The password must be ASCII: SASLprep is the identity on it.
 */
export async function scramVerifier(password: string, salt: Uint8Array): Promise<string> {
  const salted = await deriveKey(password, salt, ITERATIONS, 32, "sha256");
  const hmac = (text: string): Buffer => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  const serverKey = hmac("Server Key").toString("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${Buffer.from(salt).toString("base64")}$${storedKey}:${serverKey}`;
}
