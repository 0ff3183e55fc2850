/** The tables of this package, for `migrate` of `@rempart/database`. */
export const keysMigrations = {
  name: "keys",
  directory: new URL("../migrations/", import.meta.url),
};
