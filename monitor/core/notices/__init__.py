"""Who is told what, and when. Delivery is in `monitor/alerts`."""
