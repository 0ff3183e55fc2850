import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isPrivateWay, parseReceiver, type ReceiverAddress } from "./address.ts";

const SLACK = "https://slack.com/api";

test("each kind of address is read", () => {
  const known: readonly (readonly [string, ReceiverAddress])[] = [
    ["log", { kind: "log" }],
    ["slack:", { kind: "slack", via: "webhook" }],
    ["slack:C0123", { kind: "slack", via: "api", api: SLACK, channel: "C0123" }],
    ["slack:#on-call", { kind: "slack", via: "api", api: SLACK, channel: "#on-call" }],
    [
      "slack+https://slack-gov.com/api/?channel=C0123",
      { kind: "slack", via: "api", api: "https://slack-gov.com/api", channel: "C0123" },
    ],
    ["mailto:a@example.com", { kind: "email", to: ["a@example.com"] }],
    ["mailto:a@example.com;b=c@localhost", { kind: "email", to: ["a@example.com", "b=c@localhost"] }],
    ["pagerduty:", { kind: "pagerduty", url: "https://events.pagerduty.com/v2/enqueue" }],
    ["pagerduty:eu", { kind: "pagerduty", url: "https://events.eu.pagerduty.com/v2/enqueue" }],
    ["pagerduty+https://on.call/v2/enqueue", { kind: "pagerduty", url: "https://on.call/v2/enqueue" }],
    ["webhook+https://siem.example/in?a=b", { kind: "webhook", url: "https://siem.example/in?a=b" }],
    ["webhook+http://10.0.0.7/in", { kind: "webhook", url: "http://10.0.0.7/in" }],
    ["heartbeat:", { kind: "heartbeat", url: null }],
    ["heartbeat+https://switch.example/id", { kind: "heartbeat", url: "https://switch.example/id" }],
  ];
  for (const [text, address] of known) {
    assert.deepEqual(parseReceiver(text), { name: address.kind, address }, text);
    assert.deepEqual(parseReceiver(`on-call=${text}`), { name: "on-call", address }, text);
  }
});

test("anything else is none", () => {
  for (const text of [
    "",
    "log:",
    "slack",
    "slack:a b",
    "slack+https://hooks.slack.com/services/T0/B0/secret",
    "slack+http://example.com/api?channel=C0123",
    "mailto:",
    "mailto:a@b;",
    "mailto:a@b\r\nBcc: c@d",
    "mailto:A <a@b>",
    "pagerduty:us",
    "pagerduty:toString",
    "pagerduty+http://example.com/",
    "webhook+https://user:password@example.com/",
    "webhook+https://example.com/#part",
    "webhook+ftp://example.com/",
    "webhook:https://example.com/",
    "On Call=log",
    `${"a".repeat(64)}=log`,
  ])
    assert.equal(parseReceiver(text), null, text);
});

test("what carries a credential goes over TLS, or does not leave the machine", () => {
  const isPrivate = (text: string): boolean => isPrivateWay(new URL(text));
  for (const text of ["https://example.com", "http://localhost:1", "http://127.0.0.1", "http://[::1]/"])
    assert.ok(isPrivate(text), text);
  for (const text of ["http://example.com", "http://127.example.com", "http://10.0.0.1", "ftp://localhost"])
    assert.ok(!isPrivate(text), text);
});

test("any text is read or none", () => {
  const part = fc.constantFrom(
    "slack",
    "mailto",
    "webhook+https://",
    "pagerduty",
    ":",
    "=",
    "@",
    ";",
    "a",
    "\n",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(part).map((parts) => parts.join("")),
      ),
      (text) => {
        const read = parseReceiver(text);
        if (read !== null) assert.match(read.name, /^[a-z][a-z0-9-]{0,62}$/);
      },
    ),
  );
});
