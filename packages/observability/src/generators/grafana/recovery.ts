import type { Dashboard } from "./dashboard.ts";
import { shippedAlert, uptime } from "./shared.ts";

export const RECOVERY: Dashboard = {
  uid: "rempart-recovery",
  title: "RTO/RPO",
  description: "What would be lost now, and how long it would take to be back.",
  sections: [
    {
      title: "Now",
      panels: [
        shippedAlert("BackupFailed", {
          title: "Would be lost now",
          view: "stat",
          unit: "dtdurations",
          legend: "since the newest backup",
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
        shippedAlert("BackupFailed", {
          title: "Recovery point",
          unit: "dtdurations",
          legend: "since the newest backup",
        }),
      ],
    },
  ],
};
