"""The vehicle registry (车辆管理所): inquiry, seal of a vehicle file, release."""

from connectors.vehicle.connector import VehicleConnector

PROTOCOL = VehicleConnector
