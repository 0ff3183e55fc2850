import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { until } from "@rempart/testing";

interface ToldAlert {
  readonly name: string;
  readonly fingerprint: string;
  readonly state: "firing" | "resolved";
}

export interface Told {
  /** The same in every attempt. */
  readonly id: string;
  readonly occasion: string;
  /** Of the receiver, when it was told. */
  readonly mood: Mood;
  readonly alerts: readonly ToldAlert[];
}

/** `hang` takes the request and says nothing, `lie` closes after it was taken, `fail` answers 503, `gone` 410. */
export type Mood = "accept" | "hang" | "lie" | "fail" | "gone";

export interface AlertReceiver extends AsyncDisposable {
  /** For a messenger's environment: told of alerts of every severity. */
  readonly env: Readonly<Record<string, string>>;
  /** Everything that was sent, in order, whatever was answered. */
  readonly told: readonly Told[];
  mood: Mood;
  /** Whether an alert was told to be so since the `from`th notification. */
  wasTold(rule: string, state: ToldAlert["state"], from?: number): boolean;
  /** Resolves once one is. */
  hears(rule: string, state: ToldAlert["state"], from?: number): Promise<void>;
}

const KEY = Buffer.alloc(32, 7);

/** A real HTTP receiver, called by this name, that checks the signature of what it is sent. */
export async function startAlertReceiver(name = "team"): Promise<AlertReceiver> {
  const told: Told[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    assertSigned(request, body);
    const { occasion, alerts } = JSON.parse(body).data;
    const { mood } = receiver;
    told.push({ id: String(request.headers["webhook-id"]), occasion, mood, alerts });
    answer(mood, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const wasTold: AlertReceiver["wasTold"] = (rule, state, from = 0) =>
    told.slice(from).some(({ alerts }) => alerts.some((one) => one.name === rule && one.state === state));
  const receiver: AlertReceiver = {
    env: {
      ALERT_RECEIVERS: `${name}=webhook+http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`,
      ALERT_RECEIVER_SECRETS: `${name}=whsec_${KEY.toString("base64")}`,
      ALERT_INFO: name,
    },
    told,
    mood: "accept",
    wasTold,
    hears: (rule, state, from) => until(() => wasTold(rule, state, from)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
  return receiver;
}

/** As standardwebhooks.com says. */
function assertSigned({ headers }: IncomingMessage, body: string): void {
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const signature = createHmac("sha256", KEY).update(signed).digest("base64");
  assert.equal(headers["webhook-signature"], `v1,${signature}`);
}

function answer(mood: Mood, response: ServerResponse): void {
  if (mood === "hang") return;
  if (mood === "lie") {
    response.destroy();
    return;
  }
  response.writeHead({ accept: 204, fail: 503, gone: 410 }[mood]).end();
}
