import type { ReactNode } from "react";
import { Button as AriaButton, type ButtonProps, Tooltip, TooltipTrigger } from "react-aria-components";
import { Icon, type IconName } from "./icon";

const looks = {
  plain: "border border-line bg-paper text-text data-[hovered]:bg-hover",
  first: "border border-accent bg-accent text-on-accent",
  danger: "border border-line bg-paper text-danger",
  bare: "text-quiet data-[hovered]:bg-hover data-[hovered]:text-text",
};

/** A button with a word on it. */
export function Button({ look = "plain", icon, children, ...props }: ButtonProps & { look?: keyof typeof looks; icon?: IconName; children: ReactNode }) {
  return (
    <AriaButton {...props} className={`inline-flex min-h-8 items-center justify-center gap-1.5 rounded-md px-3 py-1 data-[disabled]:opacity-50 ${looks[look]}`}>
      {icon && <Icon name={icon} />}
      {children}
    </AriaButton>
  );
}

/** A button with a sign; what it does is its name, shown beside it when pointed at. */
export function IconButton({ icon, label, shortcut, filled = false, ...props }: ButtonProps & { icon: IconName; label: string; shortcut?: string; filled?: boolean }) {
  return (
    <TooltipTrigger delay={500}>
      <AriaButton {...props} aria-label={label} className={`inline-flex size-8 shrink-0 items-center justify-center rounded-md data-[disabled]:opacity-40 ${looks.bare}`}>
        <Icon name={icon} filled={filled} />
      </AriaButton>
      <Tooltip offset={4} className="z-50 rounded-md bg-text px-2 py-1 text-paper">
        {label}
        {shortcut && <kbd className="ms-2 font-sans opacity-75">{shortcut}</kbd>}
      </Tooltip>
    </TooltipTrigger>
  );
}
