/** The plan of a bastioned fort, seen from above and cut by the edge: ground for the door. Decoration. */
export function Rampart({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 600 800" preserveAspectRatio="xMaxYMid slice" aria-hidden="true" className={className}>
      <g fill="none" stroke="currentColor" transform="translate(470 430) rotate(45)">
        {RINGS.map(({ scale, opacity, width }) => (
          <path
            key={scale}
            d={STAR}
            transform={`scale(${scale})`}
            strokeWidth={width / scale}
            opacity={opacity}
            strokeLinejoin="round"
          />
        ))}
      </g>
    </svg>
  );
}

/** Curtain walls between four bastions, around the origin, 200 units from the middle to a point. */
const STAR =
  "M-200-200-68-166-52-104H52L68-166 200-200 166-68 104-52V52L166 68 200 200 68 166 52 104H-52L-68 166-200 200-166 68-104 52V-52L-166-68Z";

const RINGS = [
  { scale: 0.5, opacity: 0.32, width: 1.5 },
  { scale: 0.78, opacity: 0.24, width: 1.5 },
  { scale: 1.12, opacity: 0.19, width: 1.5 },
  { scale: 1.52, opacity: 0.14, width: 1.5 },
  { scale: 2, opacity: 0.1, width: 1.5 },
  { scale: 2.6, opacity: 0.07, width: 1.5 },
] as const;
