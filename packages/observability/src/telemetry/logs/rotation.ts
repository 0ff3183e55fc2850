import { logFileName } from "./files.ts";
import { type DeploymentEnvironment, RETENTION_CLASSES, RETENTION_DAYS } from "./retention.ts";

const HEADER = "# Generated from RETENTION_DAYS of @rempart/observability. Do not edit.";

/**
 * A file for logrotate: one a day for each class, deleted when their days are over. `maxage` deletes by age also what a change of
 * `rotate` would leave behind. Copied and truncated, since the process keeps its files open and appends.
 */
export function toLogrotate(environment: DeploymentEnvironment, directory = "/var/log/rempart"): string {
  if (!/^\/[\w./-]+$/.test(directory)) throw new TypeError("expects an absolute path of plain characters");
  const stanzas = RETENTION_CLASSES.map((retention) => {
    const days = RETENTION_DAYS[environment][retention];
    return `${directory}/${logFileName(retention)} {
    daily
    rotate ${days}
    maxage ${days}
    dateext
    missingok
    notifempty
    compress
    delaycompress
    copytruncate
}`;
  });
  return `${[HEADER, ...stanzas].join("\n\n")}\n`;
}

const HOURS_PER_DAY = 24;

/**
 * The part of Loki's configuration that deletes: by the label `retention`, which the collector takes from each line. What
 * comes without one is kept as long as the shortest class.
 */
export function toLokiRetention(environment: DeploymentEnvironment): string {
  const days = RETENTION_DAYS[environment];
  const shortest = Math.min(...Object.values(days));
  const streams = RETENTION_CLASSES.map(
    (retention, at) => `    - selector: '{retention="${retention}"}'
      priority: ${at + 1}
      period: ${days[retention] * HOURS_PER_DAY}h`,
  );
  return `${HEADER}
compactor:
  working_directory: /loki/compactor
  retention_enabled: true
  delete_request_store: filesystem
limits_config:
  retention_period: ${shortest * HOURS_PER_DAY}h
  retention_stream:
${streams.join("\n")}
`;
}
