"""From the words of a prompt to what the UNet is told: today their context, and what did not fit into it."""
