export function TravelSwitch() {
  return null;
}
