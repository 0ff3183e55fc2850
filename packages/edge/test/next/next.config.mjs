export default {
  distDir: "dist",
  transpilePackages: ["@rempart/edge", "@rempart/kernel"],
  poweredByHeader: false,
};
