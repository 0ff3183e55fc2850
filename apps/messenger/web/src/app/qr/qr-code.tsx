import encodeQR from "qr";
import { useMemo } from "react";
import { qrPath } from "./qr-path.ts";

/** Always dark on light, whatever the theme: that is what scanners expect. The quiet zone is four modules. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => {
    const modules = encodeQR(text, "raw", { ecc: "medium", border: 4 });
    return { size: modules.length, path: qrPath(modules) };
  }, [text]);
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
      className="w-48 rounded-lg border border-line"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#0d2329" />
    </svg>
  );
}
