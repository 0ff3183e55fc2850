import { Button, Dialog } from "@rempart/ui";
import Copy from "lucide-react/icons/copy";
import Download from "lucide-react/icons/download";
import Printer from "lucide-react/icons/printer";
import { useMe } from "../../client-context.tsx";
import { useI18n } from "../../i18n/context.tsx";
import { useCopy } from "./copy-button.tsx";

interface RecoveryCodesDialogProps {
  codes: readonly string[];
  onClose: () => void;
}

/** The only time these are shown. */
export function RecoveryCodesDialog({ codes, onClose }: RecoveryCodesDialogProps) {
  const { t } = useI18n();
  const { email } = useMe();
  const copy = useCopy();
  const title = t.security.codesFor(email);
  const text = `${title}\n\n${codes.join("\n")}\n`;
  return (
    <Dialog
      open
      keepOpen
      onClose={onClose}
      title={t.security.keepCodes}
      description={t.security.keepCodesBody}
      closeLabel={t.close}
      footer={
        <Button tone="primary" onClick={onClose}>
          {t.security.kept}
        </Button>
      }
    >
      <div className="print-alone flex flex-col gap-4 pt-3">
        <p className="hidden font-semibold print:block">{title}</p>
        <ol
          aria-label={t.security.codes}
          className="grid grid-cols-1 gap-x-6 gap-y-1.5 rounded-lg bg-sunken px-4 py-3 text-center font-mono text-sm select-all sm:grid-cols-2 print:bg-transparent"
        >
          {codes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ol>
        <div className="flex flex-wrap justify-center gap-2 print:hidden">
          <Button size="sm" onClick={() => void copy(text)}>
            <Copy size={15} aria-hidden="true" />
            {t.security.copy}
          </Button>
          <Button size="sm" onClick={() => download("recovery-codes.txt", text)}>
            <Download size={15} aria-hidden="true" />
            {t.security.download}
          </Button>
          <Button size="sm" onClick={() => print()}>
            <Printer size={15} aria-hidden="true" />
            {t.security.print}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function download(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
