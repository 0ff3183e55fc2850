/** Every command of the README's "Try it", on both platforms. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { curl } from "./curl.ts";
import { platforms, type Running } from "./platforms.ts";

const API = "https://api.example.com/api/v1";
const ADMIN = `${API}/admin/plugins`;
const ENV = {
  ALLOWED_ORIGINS: "https://example.com,https://app.example.com,*.partner.example",
  ADMIN_KEYS: `tenant-abc:${createHash("sha256").update("valid-key").digest("hex")}`,
};
const PLUGIN = { id: "test", name: "Test", version: "1.0.0" };
const PUT = `curl -X PUT ${ADMIN}/test -H "X-API-Key: valid-key" -d '{"name":"Test","version":"1.0.0"}'`;

for (const platform of platforms) {
  describe(`the plugin API on ${platform.name}`, () => {
    let service: Running;
    before(async () => {
      service = await platform.start(ENV);
    });
    after(() => service.close());
    const run = (command: string) => curl(service.origin, command);
    const auditOf = async (response: Response) => {
      const requestId = response.headers.get("x-request-id") as string;
      for (;;) {
        const line = service.lines.find((candidate) => candidate.includes(requestId));
        if (line !== undefined) return JSON.parse(line);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };

    test("security headers", async () => {
      const { status, headers } = await run(`curl -I ${API}/health`);
      assert.equal(status, 200);
      assert.equal(headers.get("x-frame-options"), "DENY");
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.match(headers.get("strict-transport-security") ?? "", /^max-age=31536000(;|$)/);
      assert.match(headers.get("content-security-policy") ?? "", /^default-src 'none'(;|$)/);
      assert.equal(headers.get("referrer-policy"), "no-referrer");
    });

    test("an allowed origin", async () => {
      const response = await run(`curl ${API}/health -H "Origin: https://app.example.com"`);
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("access-control-allow-origin"), "https://app.example.com");
      const partner = await run(`curl ${API}/health -H "Origin: https://eu.partner.example"`);
      assert.equal(partner.headers.get("access-control-allow-origin"), "https://eu.partner.example");
    });

    test("any other origin", async () => {
      for (const origin of ["https://evil.com", "https://partner.example", "https://evilpartner.example"]) {
        const response = await run(`curl ${API}/health -H "Origin: ${origin}"`);
        assert.equal(response.status, 403);
        assert.equal(response.headers.get("access-control-allow-origin"), null);
        const { error } = (await response.json()) as { error: unknown };
        assert.deepEqual(error, { code: "FORBIDDEN", message: "Origin not allowed" });
      }
    });

    test("a deletion by an administrator, and its audit entry", async () => {
      assert.equal((await run(PUT)).status, 200);
      assert.deepEqual(await (await run(`curl ${API}/plugins`)).json(), { plugins: [PLUGIN] });
      const deleted = await run(`curl -X DELETE ${ADMIN}/test -H "X-API-Key: valid-key"`);
      assert.equal(deleted.status, 200);
      const { timestamp, ...entry } = await auditOf(deleted);
      assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 60_000);
      assert.deepEqual(entry, {
        event: "admin.operation.delete",
        requestId: deleted.headers.get("x-request-id"),
        actor: { ip: "127.0.0.1", tenantId: "tenant-abc", userAgent: "curl/8.14.1" },
        resource: { type: "plugin", id: "test" },
        request: { method: "DELETE", path: "/api/v1/admin/plugins/test" },
        response: { status: 200, success: true },
      });
      assert.deepEqual(await (await run(`curl ${API}/plugins`)).json(), { plugins: [] });
    });

    test("a token in place of the key", async () => {
      const response = await run(`curl ${ADMIN}/test -H "Authorization: Bearer valid-key"`);
      assert.equal(response.status, 404);
      assert.equal((await auditOf(response)).actor.tenantId, "tenant-abc");
    });

    test("nobody else administers, and the attempt is on record without the key", async () => {
      for (const sent of ["", ' -H "X-API-Key: wrong-key"', ` -H "X-API-Key: ${"k".repeat(5000)}"`]) {
        const response = await run(`curl -X DELETE ${ADMIN}/test -H "Sec-Fetch-Site: none"${sent}`);
        assert.equal(response.status, 401);
        assert.equal(response.headers.get("www-authenticate"), "Bearer");
        assert.equal(response.headers.get("x-frame-options"), "DENY");
        const entry = await auditOf(response);
        assert.deepEqual([entry.actor.tenantId, entry.response.success], [null, false]);
      }
      assert.ok(service.lines.every((line) => !/wrong-key|valid-key|kkkk/.test(line)));
    });

    test("what is no plugin is refused with every reason", async () => {
      const bad = await run(
        `curl -X PUT ${ADMIN}/test -H "X-API-Key: valid-key" -d '{"name":"","version":"new","a/b":1}'`,
      );
      assert.equal(bad.status, 422);
      const { errors } = (await bad.json()) as { errors: { pointer: string }[] };
      assert.deepEqual(
        errors.map(({ pointer }) => pointer),
        ["/a~1b", "/name", "/version"],
      );
      const key = '-H "X-API-Key: valid-key"';
      assert.equal((await run(`curl -X PUT ${ADMIN}/test ${key} -d 'no JSON'`)).status, 422);
      assert.equal((await run(`curl -X PUT ${ADMIN}/No%20Id ${key} -d '{}'`)).status, 422);
    });

    test("a hundred requests a minute, then 429", async () => {
      const busy = await platform.start(ENV);
      try {
        for (let i = 1; i <= 150; i += 1) {
          const response = await curl(busy.origin, `curl ${API}/plugins`);
          await response.arrayBuffer();
          assert.equal(response.status, i <= 100 ? 200 : 429, `request ${i}`);
          assert.equal(response.headers.get("x-ratelimit-limit"), "100");
          assert.equal(response.headers.get("x-ratelimit-remaining"), String(Math.max(0, 100 - i)));
          const wait = response.headers.get("retry-after");
          if (i <= 100) assert.equal(wait, null);
          else assert.ok(Number(wait) > 0 && Number(wait) <= 64, `Retry-After: ${wait}`);
        }
      } finally {
        await busy.close();
      }
    });
  });
}
