import { Menu, MenuHeading, MenuItem, MenuSeparator } from "@rempart/ui";
import { useNavigate } from "@tanstack/react-router";
import Keyboard from "lucide-react/icons/keyboard";
import LogOut from "lucide-react/icons/log-out";
import SettingsIcon from "lucide-react/icons/settings";
import { useClient, useMe } from "../client-context.tsx";
import { useCommand } from "../commands.ts";
import { useI18n } from "../i18n/context.tsx";
import { AccountButton } from "./account-menu.tsx";
import { useShellActions } from "./shell-actions.ts";

/** The account menu, open from the start: it exists because somebody asked for it. */
export default function OpenedAccountMenu() {
  const { t } = useI18n();
  const me = useMe();
  const client = useClient();
  const navigate = useNavigate();
  const { openHelp } = useShellActions();
  const { run } = useCommand();
  return (
    <Menu defaultOpen trigger={<AccountButton />}>
      <MenuHeading>
        <span className="block truncate font-semibold">{me.name}</span>
        <span className="block truncate text-sm text-ink-faint">{me.email}</span>
      </MenuHeading>
      <MenuSeparator />
      <MenuItem icon={<SettingsIcon size={17} />} onSelect={() => navigate({ to: "/settings" })}>
        {t.menu.settings}
      </MenuItem>
      <MenuItem icon={<Keyboard size={17} />} onSelect={openHelp}>
        {t.menu.shortcuts}
      </MenuItem>
      <MenuItem icon={<LogOut size={17} />} onSelect={() => void run(() => client.signOut({}))}>
        {t.menu.signOut}
      </MenuItem>
    </Menu>
  );
}
