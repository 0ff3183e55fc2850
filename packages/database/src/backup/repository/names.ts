const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;
const MAX_LENGTH = 200;

/** Names are ours, never an attacker's: folders of letters, digits, `.`, `_` and `-`, none of which begins with a dot. */
export function assertObjectName(name: string): void {
  if (name.length > MAX_LENGTH || !NAME.test(name))
    throw new TypeError(`${JSON.stringify(name.slice(0, MAX_LENGTH))} cannot be the name of an object`);
}
