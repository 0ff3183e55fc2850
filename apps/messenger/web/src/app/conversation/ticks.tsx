import Check from "lucide-react/icons/check";
import CheckCheck from "lucide-react/icons/check-check";
import CircleAlert from "lucide-react/icons/circle-alert";
import Clock from "lucide-react/icons/clock";
import Hourglass from "lucide-react/icons/hourglass";
import type { ComponentType, SVGProps } from "react";
import type { DeliveryState } from "../../client/api.ts";
import { useI18n } from "../i18n/context.tsx";

type Icon = ComponentType<SVGProps<SVGSVGElement> & { size?: number }>;

const ICONS: Record<DeliveryState, Icon> = {
  queued: Clock,
  held: Hourglass,
  sending: Clock,
  sent: Check,
  delivered: CheckCheck,
  read: CheckCheck,
  failed: CircleAlert,
};

/** How far a message got. Read differs from delivered by more than colour: a screen reader hears the word. */
export function Ticks({ state, onMine = false }: { state: DeliveryState; onMine?: boolean }) {
  const { t } = useI18n();
  const Icon = ICONS[state];
  const emphasis = state === "read" ? (onMine ? "text-ember" : "text-ember-ink") : "";
  const tone = state === "failed" && !onMine ? "text-danger" : emphasis;
  return (
    <span className={`inline-flex shrink-0 ${tone}`} title={t.conversation.delivery[state]}>
      <Icon size={15} aria-hidden="true" strokeWidth={2.25} />
      <span className="sr-only">{t.conversation.delivery[state]}</span>
    </span>
  );
}
