// Reads a code with the camera, or from a picture. Nothing of either leaves the browser.

import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { decodeQR } from "qr/decode.js";
import { Button } from "../ui/button";

/** Pixels along a side, beyond which a picture is made smaller. */
const SIDE_MAX = 1600;
const LOOK_EVERY_MS = 200;
const PICTURE_EFFORT = 8;
const PICTURE_LIMIT_MS = 3_000;

/** The text of the code in a picture; nothing if there is none. */
function codeIn(source: CanvasImageSource, width: number, height: number, how: { effort?: number; timeLimit?: number } = {}): string | undefined {
  const scale = Math.min(1, SIDE_MAX / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return undefined;
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  try {
    return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height), how);
  } catch {
    return undefined;
  }
}

export default function Scanner({ found }: { found: (code: string) => void }) {
  const { t } = useTranslation();
  const [isOn, setOn] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const read = async (file: File) => {
    const picture = await createImageBitmap(file);
    const code = codeIn(picture, picture.width, picture.height, { effort: PICTURE_EFFORT, timeLimit: PICTURE_LIMIT_MS });
    picture.close();
    if (code === undefined) setWrong(t("end.scan-nothing"));
    else found(code);
  };
  return (
    <section aria-label={t("end.scan")} className="flex flex-col gap-2 rounded-md border border-line p-3">
      <p className="text-quiet">{t("end.scan-explain")}</p>
      {isOn && <Camera found={found} fail={(why) => { setOn(false); setWrong(why); }} />}
      <div className="flex flex-wrap items-center gap-2">
        {!isOn && <Button onPress={() => { setWrong(undefined); setOn(true); }}>{t("end.scan-camera")}</Button>}
        <label className="flex min-h-8 cursor-pointer items-center rounded-md border border-line px-3 focus-within:outline-2 focus-within:outline-accent hover:bg-hover">
          {t("end.scan-picture")}
          <input
            type="file"
            accept="image/*"
            className="sr-only"
            onChange={(event) => {
              const [file] = event.target.files ?? [];
              setWrong(undefined);
              if (file) read(file).catch(() => setWrong(t("end.scan-nothing")));
              event.target.value = "";
            }}
          />
        </label>
      </div>
      {wrong && <p role="alert" className="text-danger">{wrong}</p>}
    </section>
  );
}

function Camera({ found, fail }: { found: (code: string) => void; fail: (why: string) => void }) {
  const { t } = useTranslation();
  const video = useRef<HTMLVideoElement>(null);
  const told = useRef({ found, fail });
  told.current = { found, fail };
  useEffect(() => {
    let stream: MediaStream | undefined;
    let timer: ReturnType<typeof setInterval> | undefined;
    let ended = false;
    const stop = () => {
      ended = true;
      clearInterval(timer);
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    const begin = async () => {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
      const shown = video.current;
      if (ended || !shown) return stop();
      shown.srcObject = stream;
      await shown.play();
      timer = setInterval(() => {
        const code = shown.videoWidth > 0 ? codeIn(shown, shown.videoWidth, shown.videoHeight) : undefined;
        if (code === undefined || ended) return;
        stop();
        told.current.found(code);
      }, LOOK_EVERY_MS);
      return undefined;
    };
    begin().catch(() => {
      if (!ended) told.current.fail(t("end.scan-no-camera"));
      stop();
    });
    return stop;
  }, [t]);
  return <video ref={video} muted playsInline aria-label={t("end.scan-camera")} className="max-h-64 w-full rounded-md bg-ground object-contain" />;
}
