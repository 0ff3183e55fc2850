import { connect } from "node:net";
import { systemClock } from "@rempart/kernel";
import { alertReceivers } from "@rempart/messenger-server/alerting";
import type { MessengerConfig } from "@rempart/messenger-server/operator";
import { type ScrapedSample, shippedMetrics } from "@rempart/observability";
import type { ReceiverConfig } from "@rempart/observability/receivers";
import { silentLogger } from "@rempart/runtime";
import { type Finding, failed, type Judged, look, ok, some, warning } from "../finding.ts";

const LIMIT_MS = 3_000;

/** Whether each receiver is configured whole, and something listens at its address. Nobody is told anything. */
export async function receivers(
  config: MessengerConfig,
  samples: readonly ScrapedSample[],
): Promise<Finding[]> {
  const configured = await look(
    "receivers",
    () => complete(config),
    "complete ALERT_RECEIVER_SECRETS and SMTP_URL",
  );
  const heartbeat = deadMansSwitch(config, samples);
  const reached = config.monitoring.receivers.flatMap((receiver) => {
    const place = placeOf(receiver, config);
    return place === null
      ? []
      : [
          look(
            `receiver ${receiver.name}`,
            () => reach(place),
            "look at the network, or at the receiver's address",
          ),
        ];
  });
  return [configured, heartbeat, ...(await Promise.all(reached))];
}

const AFTERWARDS = "`rempart alerts test` tries one; the log says what came of each beat";

/** Whether somebody outside notices that this installation is gone, and hears of it until then. */
function deadMansSwitch({ monitoring }: MessengerConfig, samples: readonly ScrapedSample[]): Finding {
  const { heartbeats, heartbeatMs } = monitoring;
  const what = "heartbeat";
  if (heartbeats.length === 0) {
    const advice = "name a dead man's switch in ALERT_RECEIVERS as heartbeat:";
    return { what, ...warning("nobody notices when this installation is gone as a whole", advice) };
  }
  const silent = heartbeats.filter((name) => !samples.some((sample) => isBeat(sample, name)));
  return silent.length === 0
    ? { what, ...ok(`${some(heartbeats)}, every ${heartbeatMs / 1_000} s`) }
    : { what, ...failed(`not taken by ${some(silent)} since the process began`, AFTERWARDS) };
}

function isBeat({ name, labels, value }: ScrapedSample, receiver: string): boolean {
  const isTaken = labels.receiver === receiver && labels.outcome === "accepted";
  return name === shippedMetrics.alertDeliveries.name && isTaken && value > 0;
}

async function complete(config: MessengerConfig): Promise<Judged> {
  const made = alertReceivers(config, { clock: systemClock, log: silentLogger });
  const names = made.map(({ name }) => name).join(", ");
  return config.monitoring.receivers.every(({ address }) => address.kind === "log")
    ? warning(
        "alerts go to the log alone",
        "name somebody in ALERT_RECEIVERS; `rempart alerts test` tries them",
      )
    : ok(names);
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** Null: there is no address to connect to. Of one that is a secret, host and port are told, which are none. */
function placeOf({ name, address }: ReceiverConfig, { mail, monitoring }: MessengerConfig): Place | null {
  const secret = monitoring.secrets.get(name)?.reveal() ?? null;
  switch (address.kind) {
    case "log":
      return null;
    case "email":
      return place(mail?.url.reveal() ?? null);
    case "slack":
      return place(address.via === "api" ? address.api : secret);
    default:
      return place(address.url ?? secret);
  }
}

const PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443, "smtp:": 587, "smtps:": 465 };

/** Null for what is no address: the finding about all receivers says so. */
function place(address: string | null): Place | null {
  const url = URL.parse(address ?? "");
  if (url === null) return null;
  const { hostname, port, protocol } = url;
  return {
    host: hostname.replaceAll(/[[\]]/g, ""),
    port: port === "" ? (PORTS[protocol] ?? 443) : Number(port),
  };
}

function reach({ host, port }: Place): Promise<Judged> {
  const { promise, resolve, reject } = Promise.withResolvers<Judged>();
  const socket = connect({ host, port, timeout: LIMIT_MS });
  socket.once("connect", () => resolve(ok(`${host}:${port} listens`)));
  socket.once("timeout", () =>
    socket.destroy(new Error(`${host}:${port} does not answer within ${LIMIT_MS / 1_000} s`)),
  );
  socket.once("error", reject);
  return promise.finally(() => socket.destroy());
}
