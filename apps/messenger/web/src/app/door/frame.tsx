import { Mark } from "@rempart/ui";
import Atom from "lucide-react/icons/atom";
import LockKeyhole from "lucide-react/icons/lock-keyhole";
import Scale from "lucide-react/icons/scale";
import type { ReactNode } from "react";
import { useI18n } from "../i18n/context.tsx";
import { LanguageSwitch } from "../settings/language-switch.tsx";
import { Rampart } from "./rampart.tsx";

/** Where people come in: what this is on one side, what they do on the other. */
export function DoorFrame({ children }: { children: ReactNode }) {
  const { t } = useI18n();
  return (
    <div className="grid h-full overflow-y-auto bg-surface lg:grid-cols-[minmax(0,1.1fr)_minmax(0,1fr)] lg:overflow-hidden">
      <aside className="relative hidden overflow-hidden bg-mine text-on-mine lg:flex lg:flex-col lg:justify-between lg:overflow-y-auto lg:p-12">
        <Rampart className="pointer-events-none absolute inset-0 size-full" />
        <Brand />
        <div className="relative max-w-lg py-10">
          <p className="text-3xl font-semibold tracking-tight text-balance">{t.door.promise}</p>
          <p className="mt-4 max-w-md text-lg text-pretty text-on-mine-soft">{t.door.promiseBody}</p>
        </div>
        <ul className="relative flex flex-col gap-3 text-on-mine-soft">
          <Fact icon={<LockKeyhole size={18} />}>{t.door.factEncrypted}</Fact>
          <Fact icon={<Atom size={18} />}>{t.door.factPostQuantum}</Fact>
          <Fact icon={<Scale size={18} />}>{t.door.factOpen}</Fact>
        </ul>
      </aside>
      <main className="flex flex-col px-6 py-8 sm:px-12 lg:overflow-y-auto">
        <div className="mb-8 text-primary lg:hidden">
          <Brand />
        </div>
        <div className="m-auto w-full max-w-sm">{children}</div>
        <div className="mt-10 flex justify-center lg:justify-end">
          <LanguageSwitch compact />
        </div>
      </main>
    </div>
  );
}

function Brand() {
  const { t } = useI18n();
  return (
    <div className="relative flex items-center gap-3">
      <Mark className="size-9" />
      <p className="leading-tight">
        <span className="block text-lg font-semibold">{t.productName}</span>
        <span className="block text-sm opacity-80">{t.byRempart}</span>
      </p>
    </div>
  );
}

function Fact({ icon, children }: { icon: ReactNode; children: string }) {
  return (
    <li className="flex items-center gap-3">
      <span aria-hidden="true">{icon}</span>
      {children}
    </li>
  );
}
