// Rich text. Loaded when somebody writes.

import { EditorContent, useEditor, useEditorState } from "@tiptap/react";
import { StarterKit } from "@tiptap/starter-kit";
import { type RefObject, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../ui/button";
import { KEPT_NODES } from "./nodes";

interface Props {
  html: string;
  label: string;
  focus: boolean;
  changed: (html: string, text: string) => void;
  /** Puts HTML that is safe where the cursor is. */
  insertRef?: RefObject<((html: string) => void) | undefined>;
}

export default function Editor({ html, label, focus, changed, insertRef }: Props) {
  const { t } = useTranslation();
  const editor = useEditor({
    extensions: [StarterKit.configure({ link: { openOnClick: false, autolink: true, protocols: ["mailto", "tel"] } }), ...KEPT_NODES],
    content: html,
    // Its style sheet is part of ours: the page's policy takes no other.
    injectCSS: false,
    autofocus: focus ? "start" : false,
    editorProps: { attributes: { "aria-label": label, role: "textbox", "aria-multiline": "true", dir: "auto" } },
    onCreate: ({ editor: made }) => changed(made.getHTML(), made.getText({ blockSeparator: "\n\n" })),
    onUpdate: ({ editor: now }) => changed(now.getHTML(), now.getText({ blockSeparator: "\n\n" })),
  });
  useEffect(() => {
    if (!insertRef) return undefined;
    insertRef.current = (added) => editor.chain().focus().insertContent(added).run();
    return () => {
      insertRef.current = undefined;
    };
  }, [insertRef, editor]);
  const active = useEditorState({
    editor,
    selector: ({ editor: now }) => ({
      bold: now.isActive("bold"), italic: now.isActive("italic"), list: now.isActive("bulletList"), numbers: now.isActive("orderedList"), quote: now.isActive("blockquote"),
    }),
  });
  const marks = [
    ["bold", () => editor.chain().focus().toggleBold().run()],
    ["italic", () => editor.chain().focus().toggleItalic().run()],
    ["list", () => editor.chain().focus().toggleBulletList().run()],
    ["numbers", () => editor.chain().focus().toggleOrderedList().run()],
    ["quote", () => editor.chain().focus().toggleBlockquote().run()],
  ] as const;
  return (
    <>
      <div role="toolbar" aria-label={label} className="flex border-b border-line px-1">
        {marks.map(([name, toggle]) => (
          <span key={name} className={active[name] ? "rounded-md bg-chosen" : ""}>
            <IconButton icon={name} label={t(`compose.${name}`)} aria-pressed={active[name]} onPress={toggle} />
          </span>
        ))}
      </div>
      <EditorContent editor={editor} className="written tells-focus min-h-32 flex-1 overflow-y-auto px-3 py-2" />
    </>
  );
}
