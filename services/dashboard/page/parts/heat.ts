// How much of something: a shade, never so strong that the text on it can't be read (4.5 to 1 in both themes).
export const heat = (share: number): string => `rgb(var(--heat) / calc(var(--heat-most) * ${Math.min(1, Math.max(0, share)).toFixed(3)}))`;
