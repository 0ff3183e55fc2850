interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string | null }): unknown;
}

/**
 * Under `require-trusted-types-for 'script'` the browser asks this policy before a string becomes the address of a worker.
 * Only our own built files pass; markup and script text are never made from strings, so they have no rule and are refused.
 */
export function installTrustedTypesPolicy(): void {
  const { trustedTypes } = window as { trustedTypes?: PolicyFactory };
  trustedTypes?.createPolicy("default", {
    createScriptURL: (url) => {
      const { origin } = new URL(url, location.href);
      return origin === location.origin ? url : null;
    },
  });
}
