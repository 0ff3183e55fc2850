export default {
  distDir: "dist",
  transpilePackages: ["@rempart/edge", "@rempart/kernel"],
  // The edge decides what a path with a slash at its end is.
  skipTrailingSlashRedirect: true,
};
