import { Badge } from "@rempart/ui";
import type { MemberView } from "../../client/api.ts";
import { useI18n } from "../i18n/context.tsx";

/** Nothing for ordinary members: only what sets somebody apart is marked. */
export function RoleBadge({ role }: Pick<MemberView, "role">) {
  const { t } = useI18n();
  if (role === "member") return null;
  return <Badge tone={role === "owner" ? "primary" : "neutral"}>{t.roles[role]}</Badge>;
}
