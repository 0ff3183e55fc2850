import { counterOf, gaugeOf, increase, sumBy } from "../../rules/builders.ts";
import { backupDuration, backupFailures, backupSize } from "../../shipped/metrics.ts";
import { type Dashboard, panel } from "./dashboard.ts";
import { shippedAlert, uptime } from "./shared.ts";

export const RECOVERY: Dashboard = {
  uid: "rempart-recovery",
  title: "RTO/RPO",
  description: "What would be lost now, and how long it would take to be back.",
  sections: [
    {
      title: "Now",
      panels: [
        shippedAlert("RecoveryPointExceeded", {
          title: "Would be lost now",
          view: "stat",
          unit: "dtdurations",
          legend: "recovery point",
        }),
        shippedAlert("RecoveryTimeExceeded", {
          title: "Back within",
          view: "stat",
          unit: "dtdurations",
          legend: "last drill",
        }),
        shippedAlert("RestoreDrillOverdue", {
          title: "Proven",
          view: "stat",
          unit: "dtdurations",
          legend: "since the last drill",
        }),
        shippedAlert("BackupFailed", {
          title: "Newest backup",
          view: "stat",
          unit: "dtdurations",
          legend: "old",
        }),
        uptime,
        shippedAlert("DiskSpaceLow", {
          title: "Room left",
          view: "stat",
          unit: "percentunit",
          legend: "{{instance}} {{mountpoint}}",
        }),
      ],
    },
    {
      title: "Over time",
      panels: [
        shippedAlert("RecoveryPointExceeded", {
          title: "Recovery point",
          unit: "dtdurations",
          legend: "would be lost",
        }),
        panel({
          title: "Duration of a backup",
          description: "How long the newest base backup took.",
          unit: "s",
          queries: { "base backup": gaugeOf(backupDuration) },
          runbooks: ["backup-failed"],
        }),
        panel({
          title: "Size of a backup",
          description: "Room that the newest base backup takes in the repository.",
          unit: "bytes",
          queries: { "base backup": gaugeOf(backupSize) },
        }),
        panel({
          title: "Attempts that failed",
          description:
            "Base backups and segments that could not be brought to the repository within an hour.",
          unit: "short",
          queries: { "{{kind}}": sumBy(["kind"], increase(counterOf(backupFailures), "1h")) },
          runbooks: ["backup-failed"],
        }),
      ],
    },
  ],
};
