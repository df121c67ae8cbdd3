"""From the words of a prompt to what the UNet is told."""
