import { Tabs as Base } from "@base-ui/react/tabs";
import type { ReactNode } from "react";

export interface TabItem {
  id: string;
  label: string;
  panel: ReactNode;
}

interface TabsProps {
  label: string;
  items: readonly TabItem[];
  value: string;
  onChange: (id: string) => void;
}

export function Tabs({ label, items, value, onChange }: TabsProps) {
  return (
    <Base.Root value={value} onValueChange={(next) => onChange(String(next))}>
      <Base.List
        aria-label={label}
        className="mb-4 grid auto-cols-fr grid-flow-col gap-1 rounded-lg bg-sunken p-1"
      >
        {items.map((item) => (
          <Base.Tab
            key={item.id}
            value={item.id}
            className="min-h-9 rounded-md px-3 text-sm font-medium text-ink-soft hover:text-ink data-active:bg-raised data-active:text-ink data-active:shadow-low"
          >
            {item.label}
          </Base.Tab>
        ))}
      </Base.List>
      {items.map((item) => (
        <Base.Panel key={item.id} value={item.id} className="outline-none">
          {item.panel}
        </Base.Panel>
      ))}
    </Base.Root>
  );
}
