/** Loading it takes longer than starting a command of an operator: the first ceremony does. */
export const webauthn = () => import("@simplewebauthn/server");
export const webauthnHelpers = () => import("@simplewebauthn/server/helpers");
