/** No parser fed by the network may take more than linear time, on the inputs that hurt parsers most. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { trustedForwardedElement, trustedListElement } from "../src/address/forwarded.ts";
import { parseAddress } from "../src/address/ip.ts";
import { classifyAddress } from "../src/address/special.ts";
import { readCookie } from "../src/cookies.ts";
import { isSameOrigin, OriginList, parseOrigin } from "../src/origin.ts";
import { isSafeId } from "../src/policies/identify.ts";
import { parseLength } from "../src/policies/size.ts";
import { canonicalPath } from "../src/routes.ts";
import { parseCookies } from "../src/validation/parts.ts";
import { stripTags } from "../src/validation/text.ts";
import { stripeScheme } from "../src/webhooks/scheme.ts";
import { countSteps } from "./steps.ts";

const list = new OriginList(["*.example.com", "https://a.test"]);

const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  parseAddress,
  "X-Forwarded-For": (text) => trustedListElement(text, 10),
  Forwarded: (text) => trustedForwardedElement(text, 10),
  Cookie: (text) => readCookie(text, "session"),
  Origin: parseOrigin,
  "Origin allow-list": (text) => list.allows(text),
  "same origin": (text) => isSameOrigin(`https://${text}`, text, "https"),
  "X-Request-Id": isSafeId,
  "Content-Length": parseLength,
  "request target": canonicalPath,
  "kind of address": classifyAddress,
  "Cookie, all of it": parseCookies,
  "Stripe-Signature": (text) => stripeScheme.read(() => text, new Uint8Array()),
  markup: stripTags,
};

/** Repeated, these are what quadratic parsers choke on. */
const UNITS = [
  ",",
  ", ",
  ";",
  "=",
  "a=b;",
  '"',
  '\\"',
  'for="',
  "for=1,",
  ".",
  ":",
  "::",
  "1:",
  "1.",
  "/",
  "/..",
  "/./",
  "%2e",
  "%",
  "a",
  "0",
  " ",
  "[",
  "https://",
  "session=;",
  "<",
  "<b>",
  "a<b>",
  "<<b>",
  "t=1,v1=00,",
  "-",
];

/** The instrument first: without it the rest would prove nothing. */
test("the counter sees quadratic work", () => {
  const quadratic = (text: string) => {
    for (let i = 0; i < text.length; i += 1) text.indexOf("never there");
  };
  const small = countSteps(() => quadratic("x".repeat(100)));
  const large = countSteps(() => quadratic("x".repeat(1000)));
  assert.ok(large > small * 50);
});

for (const [name, parse] of Object.entries(PARSERS)) {
  test(`${name} reads each character a bounded number of times`, () => {
    for (const unit of UNITS) {
      for (const prefix of ["", "/", "https://", "for="]) {
        for (const length of [500, 4000, 16_000]) {
          const text = (prefix + unit.repeat(length)).slice(0, length);
          const steps = countSteps(() => parse(text));
          assert.ok(
            steps <= 20 * length + 500,
            `${steps} steps for ${length} of ${JSON.stringify(prefix + unit)}`,
          );
        }
      }
    }
  });
}
