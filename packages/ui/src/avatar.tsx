import { clsx } from "clsx";
import type { ReactNode } from "react";
import { avatarTone, initials } from "./avatar-tone.ts";

/** Written out, so that the style sheet's scanner finds every class. */
const TONE_CLASSES = [
  "tone-0",
  "tone-1",
  "tone-2",
  "tone-3",
  "tone-4",
  "tone-5",
  "tone-6",
  "tone-7",
] as const;
const INK_CLASSES = [
  "tone-ink-0",
  "tone-ink-1",
  "tone-ink-2",
  "tone-ink-3",
  "tone-ink-4",
  "tone-ink-5",
  "tone-ink-6",
  "tone-ink-7",
] as const;

const SIZES = {
  xs: "size-7 text-[0.6875rem]",
  sm: "size-9 text-xs",
  md: "size-11 text-sm",
  lg: "size-20 text-xl",
} as const;

/** The class that writes a person's name in the tone of their avatar. */
export function toneInkClass(id: string): string {
  return INK_CLASSES[avatarTone(id)] ?? INK_CLASSES[0];
}

export interface AvatarProps {
  id: string;
  name: string;
  size?: keyof typeof SIZES;
  /** A group's avatar is square-shouldered, a person's round. */
  shape?: "round" | "square";
  /** Replaces the initials. */
  icon?: ReactNode;
  online?: boolean;
}

/** Decoration: the name always stands beside it in text. The initials are generated content, so that nobody reads them out. */
export function Avatar({ id, name, size = "md", shape = "round", icon, online = false }: AvatarProps) {
  return (
    <span aria-hidden="true" className="relative inline-flex shrink-0">
      <span
        data-initials={icon ? undefined : initials(name)}
        className={clsx(
          "inline-flex items-center justify-center font-semibold tracking-wide before:content-[attr(data-initials)]",
          shape === "round" ? "rounded-full" : "rounded-[30%]",
          TONE_CLASSES[avatarTone(id)],
          SIZES[size],
        )}
      >
        {icon}
      </span>
      {online && (
        <span
          className={clsx(
            "absolute rounded-full border-[2.5px] border-surface bg-success",
            size === "lg" ? "end-1 bottom-1 size-4.5" : "-end-0.5 -bottom-0.5 size-3.5",
          )}
        />
      )}
    </span>
  );
}
