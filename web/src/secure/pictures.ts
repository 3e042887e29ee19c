// Pictures within a text travel in it, as what is encrypted can fetch nothing.

function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(String(reader.result)));
    reader.addEventListener("error", () => reject(reader.error ?? new Error("a picture cannot be read")));
    reader.readAsDataURL(blob);
  });
}

/** The HTML with its own pictures in it; those that cannot be had are left out. */
export async function selfContained(html: string): Promise<string> {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  await Promise.all(
    [...body.querySelectorAll("img")].map(async (image) => {
      const source = image.getAttribute("src") ?? "";
      if (source.startsWith("data:")) return;
      const response = source.startsWith("/") ? await fetch(source, { credentials: "same-origin" }).catch(() => undefined) : undefined;
      if (response?.ok) image.setAttribute("src", await dataUrl(await response.blob()));
      else image.remove();
    }),
  );
  return body.innerHTML;
}
