"""What the KPIs of the resources themselves say about causes."""
