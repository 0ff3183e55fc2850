import {
  type Identity,
  IdentityError,
  normaliseEmail,
  type Operator,
  type UserSummary,
} from "@rempart/identity";
import { isUuid } from "@rempart/kernel";

/** Whoever has exactly this id or e-mail address. Throws `unknown-user`: the start of a name is nobody's yet. */
export async function findUser(
  { administration }: Identity,
  operator: Operator,
  named: string,
): Promise<UserSummary> {
  const q = isUuid(named) ? named : normaliseEmail(named);
  const page = q === null ? null : await administration.search(operator, { q, limit: 1 });
  const user = page?.users[0];
  if (user === undefined)
    throw new IdentityError("unknown-user", `${named} is no account's id or e-mail address`);
  return user;
}
