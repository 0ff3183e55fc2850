import { counterOf, gaugeOf, increase, quantile, rate, sumBy } from "../../rules/builders.ts";
import {
  accessTokenSize,
  attacksDetected,
  auditEventsDropped,
  auditFindings,
  auditHeadAge,
  auditSinkLag,
  auditUnpublished,
  authAttempts,
  authSuccessRate,
  csrfBlockRate,
  csrfBlocks,
  kmsFailoverRate,
  kmsOperations,
  rateLimitDecisions,
} from "../../shipped/metrics.ts";
import { type Dashboard, panel } from "./dashboard.ts";
import { LATELY, perMinute, refusedShare, shippedAlert } from "./shared.ts";

export const SECURITY: Dashboard = {
  uid: "rempart-security",
  title: "Security Overview",
  description: "Who gets in, who tries to, and whether what protects us works.",
  sections: [
    {
      title: "Signing in",
      panels: [
        shippedAlert("LowAuthSuccessRate", {
          title: "Sign-ins that succeed",
          unit: "percentunit",
          legend: "succeed",
        }),
        panel({
          title: "Sign-ins by outcome",
          description: "Sign-ins a minute, by how they ended.",
          unit: "cps",
          queries: { "{{outcome}}": perMinute(sumBy(["outcome"], rate(counterOf(authAttempts), LATELY))) },
        }),
        shippedAlert("BruteForce", { title: "Failed sign-ins a minute", unit: "cps", legend: "failed" }),
      ],
    },
    {
      title: "Sessions and tokens",
      panels: [
        panel({
          title: "Size of access tokens",
          description:
            "Half, 95 % and 99 % of the access tokens are at most so large. Servers in front refuse headers beyond 8 KiB or so.",
          unit: "bytes",
          queries: {
            "50 %": quantile(0.5, accessTokenSize, { window: "1h" }),
            "95 %": quantile(0.95, accessTokenSize, { window: "1h" }),
            "99 %": quantile(0.99, accessTokenSize, { window: "1h" }),
          },
        }),
        shippedAlert("SessionsTooLong", {
          title: "Use without a break",
          unit: "m",
          legend: "average",
        }),
        panel({
          title: "The last hour, in percent",
          description:
            "What the administration API answers as security metrics: sign-ins that succeed, requests refused as forged, key calls bridged.",
          view: "stat",
          unit: "short",
          queries: {
            "sign-ins": gaugeOf(authSuccessRate),
            forged: gaugeOf(csrfBlockRate),
            bridged: gaugeOf(kmsFailoverRate),
          },
        }),
      ],
    },
    {
      title: "Attacks",
      panels: [
        panel({
          title: "Attacks by kind",
          description: "Requests in which the detector found an attack.",
          unit: "short",
          queries: { "{{kind}}": sumBy(["kind"], increase(counterOf(attacksDetected), LATELY)) },
          runbooks: ["injection-attempt"],
        }),
        shippedAlert("HighCSRFBlocks", {
          title: "Requests refused as forged",
          unit: "percentunit",
          legend: "refused",
        }),
        panel({
          title: "Why they were refused as forged",
          description: "Refused requests by what gave them away. The runbook says what each mostly is.",
          unit: "short",
          queries: { "{{reason}}": sumBy(["reason"], increase(counterOf(csrfBlocks), LATELY)) },
          runbooks: ["csrf-blocks"],
        }),
        shippedAlert("UnauthorizedAdminAccess", {
          title: "Administration refused",
          unit: "short",
          legend: "refused in 5 minutes",
        }),
        panel({
          title: "Rate limits",
          description: "Calls refused by a rate limit a second, by policy.",
          unit: "cps",
          queries: {
            "{{policy}}": sumBy(
              ["policy"],
              rate(counterOf(rateLimitDecisions, { decision: "refused" }), LATELY),
            ),
          },
        }),
        refusedShare,
        panel({
          title: "Findings and answers to them",
          description:
            "What detection found in the audit log, and what it did: bans, ended sessions, a second factor.",
          unit: "short",
          queries: {
            "{{rule}}: {{response}}": sumBy(["rule", "response"], increase(counterOf(auditFindings), "1h")),
          },
          runbooks: ["brute-force"],
        }),
      ],
    },
    {
      title: "Keys and certificates",
      panels: [
        shippedAlert("KMSFailoverHigh", {
          title: "Key operations bridged",
          unit: "percentunit",
          legend: "bridged",
        }),
        panel({
          title: "Key operations by outcome",
          description: "Data keys that a provider was asked to wrap or unwrap, a second.",
          unit: "ops",
          queries: {
            "{{provider}} {{outcome}}": sumBy(
              ["provider", "outcome"],
              rate(counterOf(kmsOperations), LATELY),
            ),
          },
          runbooks: ["kms-failover"],
        }),
        shippedAlert("CertificateExpiring", {
          title: "Certificate ends in",
          view: "stat",
          unit: "dtdurations",
          legend: "{{instance}}",
        }),
      ],
    },
    {
      title: "The audit log",
      panels: [
        panel({
          title: "Not published yet",
          description: "Entries that are recorded and not in the published tree yet.",
          unit: "short",
          queries: {
            entries: gaugeOf(auditUnpublished),
            "events dropped": sumBy([], increase(counterOf(auditEventsDropped), "1h")),
          },
        }),
        panel({
          title: "Age of the head",
          description: "Since the newest head was signed. It grows while nothing happens too.",
          unit: "dtdurations",
          queries: { "{{instance}}": gaugeOf(auditHeadAge) },
        }),
        panel({
          title: "Behind, by sink",
          description: "Entries that a sink has not taken yet.",
          unit: "short",
          queries: { "{{sink}}": gaugeOf(auditSinkLag) },
        }),
      ],
    },
  ],
};
