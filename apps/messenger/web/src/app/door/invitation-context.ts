import { createContext } from "react";

/** The invitation this page was opened with, if any. */
export const InvitationContext = createContext<string | null>(null);
