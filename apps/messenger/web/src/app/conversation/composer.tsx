import { LIMITS } from "@rempart/messaging/contract";
import { clsx } from "clsx";
import SendHorizontal from "lucide-react/icons/send-horizontal";
import { type KeyboardEvent, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import type { ConversationView } from "../../client/api.ts";
import { useClient } from "../client-context.tsx";
import { useCommand } from "../commands.ts";
import { useI18n } from "../i18n/context.tsx";
import { hasRealKeyboard } from "./real-keyboard.ts";
import { useDraft } from "./use-draft.ts";
import { useTypingSignal } from "./use-typing-signal.ts";

/** The limit is mentioned when it comes near. */
const NEAR_LIMIT = 1000;

/** Where one writes. Enter sends, Shift+Enter breaks the line, and an input method's Enter does neither. */
export function Composer({ conversation }: { conversation: ConversationView }) {
  const { t } = useI18n();
  const client = useClient();
  const { run } = useCommand();
  const { id } = conversation;
  const [text, setText] = useState(conversation.draft);
  const area = useRef<HTMLTextAreaElement>(null);
  const hintId = useId();
  const draft = useDraft(id);
  const typing = useTypingSignal(id);
  useAutosize(area, text);
  useFocusOnOpen(area);

  const remaining = LIMITS.textCharacters - text.trim().length;
  const sendable = text.trim() !== "" && remaining >= 0;

  function change(next: string) {
    setText(next);
    draft.save(next);
    typing.signal(next !== "");
  }

  async function send() {
    if (!sendable) return;
    const message = text.trim();
    change("");
    draft.flush();
    const sent = await run(() => client.send(id, message));
    if (sent === null) setText((now) => (now === "" ? message : now));
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    if (event.key !== "Enter" || event.shiftKey || event.altKey) return;
    // 229: Safari ends a composition before this event says so.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    void send();
  }

  return (
    <form
      className="border-t border-line bg-surface px-3 py-2.5 pb-[max(0.625rem,env(safe-area-inset-bottom))] sm:px-5"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <div className="mx-auto flex max-w-5xl items-end gap-2">
        <textarea
          ref={area}
          rows={1}
          value={text}
          aria-label={t.conversation.placeholder}
          aria-describedby={remaining < NEAR_LIMIT ? hintId : undefined}
          aria-invalid={remaining < 0 || undefined}
          placeholder={t.conversation.placeholder}
          enterKeyHint="send"
          onChange={(event) => change(event.target.value)}
          onKeyDown={onKeyDown}
          className="max-h-52 min-h-11 min-w-0 flex-1 resize-none rounded-xl border border-line bg-raised px-4 py-2.5 text-base placeholder:text-ink-faint hover:border-line-strong focus-visible:border-primary focus-visible:outline-1 focus-visible:outline-offset-0 focus-visible:outline-primary aria-invalid:border-danger"
        />
        <button
          type="submit"
          aria-label={t.conversation.send}
          aria-disabled={!sendable}
          className={clsx(
            "inline-flex size-11 shrink-0 items-center justify-center rounded-xl transition-colors",
            sendable ? "bg-primary text-on-primary hover:bg-primary-hover" : "bg-sunken text-ink-faint",
          )}
        >
          <SendHorizontal size={20} aria-hidden="true" />
        </button>
      </div>
      {remaining < NEAR_LIMIT && (
        <p
          id={hintId}
          role="status"
          className={clsx(
            "px-4 pt-1.5 text-sm tabular-nums",
            remaining < 0 ? "text-danger" : "text-ink-faint",
          )}
        >
          {remaining < 0 ? t.conversation.tooLong(-remaining) : t.conversation.left(remaining)}
        </p>
      )}
    </form>
  );
}

function useAutosize(area: { current: HTMLTextAreaElement | null }, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => {
    const element = area.current;
    if (element === null) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight + 2}px`;
  }, [area, text]);
}

/** Where there is a real keyboard one can write at once; on a phone that would cover half the conversation. */
function useFocusOnOpen(area: { current: HTMLTextAreaElement | null }): void {
  useEffect(() => {
    if (hasRealKeyboard()) area.current?.focus();
  }, [area]);
}
