export default function PersonScreen() {
  return null;
}
