"""Where notices go besides mailboxes. A channel is a module here, and a line below."""

from collections.abc import Mapping

from monitor.core.notices.alert_channels import matrix, ntfy, slack, webhook
from monitor.core.notices.alert_channels.channel_request import ChannelForm

CHANNELS: Mapping[str, ChannelForm] = {
    "webhook": webhook.CHANNEL,
    "slack": slack.CHANNEL,
    "matrix": matrix.CHANNEL,
    "ntfy": ntfy.CHANNEL,
}
