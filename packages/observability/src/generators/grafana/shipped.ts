import { SHIPPED_OBJECTIVES } from "../../shipped/objectives.ts";
import { API } from "./api.ts";
import { APPLICATION } from "./application.ts";
import type { Dashboard } from "./dashboard.ts";
import { INFRASTRUCTURE } from "./infrastructure.ts";
import { objectivesDashboard } from "./objectives.ts";
import { RECOVERY } from "./recovery.ts";
import { SECURITY } from "./security.ts";

export const SHIPPED_DASHBOARDS: readonly Dashboard[] = [
  APPLICATION,
  SECURITY,
  RECOVERY,
  API,
  INFRASTRUCTURE,
  objectivesDashboard(SHIPPED_OBJECTIVES),
];
