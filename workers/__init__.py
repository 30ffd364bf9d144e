"""The engine: settings, streams, leases, drainers, journal, plugins. Imports `schemas`, never
`webhooks`.
"""
