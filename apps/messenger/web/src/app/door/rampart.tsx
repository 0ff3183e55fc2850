/** The plan of a star fort and its glacis, cut by the edge of the page: ground for the door. Decoration. */
export function Rampart({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 600 800" preserveAspectRatio="xMaxYMax slice" aria-hidden="true" className={className}>
      <g
        fill="none"
        stroke="currentColor"
        strokeWidth="1.25"
        strokeLinejoin="round"
        transform="translate(560 800)"
      >
        {RINGS.map(({ radius, opacity }) => (
          <path key={radius} d={starPath(radius)} opacity={opacity} />
        ))}
      </g>
    </svg>
  );
}

const BASTIONS = 6;
/** A bastion seen from its tip inwards: distance from the middle, as a part of the radius, and degrees off its axis. */
const OUTLINE = [
  [0.62, -30],
  [0.64, -11],
  [0.78, -13.5],
  [1, 0],
  [0.78, 13.5],
  [0.64, 11],
] as const;

const RINGS = [
  { radius: 180, opacity: 0.5 },
  { radius: 196, opacity: 0.28 },
  { radius: 262, opacity: 0.3 },
  { radius: 350, opacity: 0.22 },
  { radius: 366, opacity: 0.14 },
  { radius: 470, opacity: 0.12 },
  { radius: 620, opacity: 0.07 },
] as const;

function starPath(radius: number): string {
  const points: string[] = [];
  for (let bastion = 0; bastion < BASTIONS; bastion += 1) {
    for (const [part, off] of OUTLINE) {
      const angle = ((bastion * (360 / BASTIONS) + off) * Math.PI) / 180;
      points.push(
        `${(Math.cos(angle) * part * radius).toFixed(1)} ${(Math.sin(angle) * part * radius).toFixed(1)}`,
      );
    }
  }
  return `M${points.join("L")}Z`;
}
