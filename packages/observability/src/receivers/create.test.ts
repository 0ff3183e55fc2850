import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode, systemClock } from "@rempart/kernel";
import { Secret, silentLogger } from "@rempart/runtime";
import { WORDING } from "../../test/notifications.ts";
import { parseReceiver, type ReceiverConfig } from "./address.ts";
import { createReceivers, parseReceiverSecrets, type ReceiverSettings } from "./create.ts";
import { smtpOptions } from "./email.ts";

const SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const KEY = "0123456789abcdef0123456789abcdef";

function settings(secrets: string, more: Partial<ReceiverSettings> = {}): ReceiverSettings {
  return {
    secrets: secrets === "" ? new Map() : parseReceiverSecrets(new Secret(secrets)),
    wording: WORDING,
    source: "messenger.example",
    mail: { server: new Secret("smtp://localhost:25"), from: "alerts@example.com" },
    clock: systemClock,
    log: silentLogger,
    ...more,
  };
}

function configs(...texts: string[]): ReceiverConfig[] {
  return texts.map((text) => {
    const config = parseReceiver(text);
    assert.ok(config !== null, text);
    return config;
  });
}

test("every kind is made, each with the secret of its name", () => {
  const texts = ["log", "team=slack:", "bot=slack:C0123", "mailto:a@example.com", "pagerduty:"];
  const secrets = `team=https://hooks.slack.com/services/T/B/X, bot=xoxb-1-2 ,pagerduty=${KEY},siem=${SECRET} ${SECRET}`;
  const made = createReceivers(configs(...texts, "siem=webhook+https://siem.example/"), settings(secrets));
  assert.deepEqual(
    made.map(({ name }) => name),
    ["log", "team", "bot", "email", "pagerduty", "siem"],
  );
});

test("what is missing or malformed is told by the receiver's name, and no secret with it", () => {
  const webhook = "siem=webhook+https://siem.example/";
  const wrong: readonly (readonly [texts: string[], secrets: string, said: RegExp])[] = [
    [["log", "log"], "", /two receivers are called "log"/],
    [["log"], `pager=${KEY}`, /a secret for "pager", and no such receiver/],
    [["slack:"], "", /"slack" needs a secret: the webhook's URL/],
    [["slack:"], "slack=http://hooks.slack.com/services/T/B/X", /"slack" needs a secret/],
    [["slack:"], "slack=xoxb-1-2", /"slack" needs a secret/],
    [["slack:C0123"], "slack=xoxb 1\u00e9", /"slack" needs a secret: a bot's token/],
    [["pagerduty:"], `pagerduty=${KEY}0`, /"pagerduty" needs a secret: a routing key/],
    [[webhook], "siem=whsec_c2hvcnQ=", /"siem" needs a secret: whsec_/],
    [[webhook], `siem=${SECRET} ${SECRET} ${SECRET} ${SECRET}`, /"siem" needs a secret: whsec_/],
    [[webhook], KEY, /NAME=SECRET/],
  ];
  for (const [texts, secrets, said] of wrong)
    assert.throws(
      () => createReceivers(configs(...texts), settings(secrets)),
      (error) => {
        assert.ok(hasCode(error, "invalid-configuration"));
        assert.match(error.message, said);
        assert.doesNotMatch(error.message, /xoxb|services|0123456789|c2hvcnQ/);
        return true;
      },
    );
});

test("a mailbox needs a mail server, and a notification a time zone that there is", () => {
  const make = (more: Partial<ReceiverSettings>) => () =>
    createReceivers(configs("mailto:a@example.com"), settings("", more));
  const from = "alerts@example.com";
  assert.throws(make({ mail: null }), /"email" needs a mail server/);
  assert.throws(
    make({ mail: { server: new Secret("smtp://host/?tls.rejectUnauthorized=false"), from } }),
    /without options/,
  );
  assert.throws(make({ wording: { ...WORDING, timeZone: "Mars/Olympus" } }), /time zone/);
});

test("a password goes to another machine over TLS only, whatever the server offers", () => {
  const options = (url: string) => smtpOptions(new Secret(url));
  assert.deepEqual(
    [
      "smtp://user:p%40ss@mail.example",
      "smtps://user:p@mail.example",
      "smtp://mail.example",
      "smtp://user:p@[::1]:25",
    ]
      .map(options)
      .map((read) => [read?.host, read?.port, read?.secure, read?.requireTLS]),
    [
      ["mail.example", 587, false, true],
      ["mail.example", 465, true, false],
      ["mail.example", 587, false, false],
      ["::1", 25, false, false],
    ],
  );
  assert.deepEqual(options("smtp://user:p%40ss@mail.example")?.auth, { user: "user", pass: "p@ss" });
  for (const url of [
    "https://mail.example",
    "smtp://",
    "smtp://a:%zz@host",
    "smtp://host/?a=b",
    "mail.example",
  ])
    assert.equal(options(url), null, url);
});
