import { IconButton, useToast } from "@rempart/ui";
import Copy from "lucide-react/icons/copy";
import { useI18n } from "../../i18n/context.tsx";

/** Puts a text on the clipboard, and says whether that worked: the browser may forbid it. */
export function useCopy(): (text: string) => Promise<void> {
  const { t } = useI18n();
  const toast = useToast();
  return async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      toast({ title: t.security.copied, tone: "success" });
    } catch {
      toast({ title: t.security.notCopied, tone: "danger" });
    }
  };
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const copy = useCopy();
  return (
    <IconButton
      label={label}
      tooltipAlign="end"
      icon={<Copy size={17} aria-hidden="true" />}
      onClick={() => void copy(text)}
    />
  );
}
