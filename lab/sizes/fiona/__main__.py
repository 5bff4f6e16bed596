"""Places are written and read, as GeoJSON and as a shapefile."""

import fiona
from fiona.transform import transform

PLACES = [("Bern", 7.44, 46.95), ("Oslo", 10.75, 59.91), ("Rome", 12.5, 41.9)]
SCHEMA = {"geometry": "Point", "properties": {"name": "str:20", "number": "int"}}

for driver, path in (("GeoJSON", "places.geojson"), ("ESRI Shapefile", "places.shp")):
    with fiona.open(path, "w", driver=driver, crs="EPSG:4326", schema=SCHEMA) as places:
        for number, (name, east, north) in enumerate(PLACES):
            places.write(
                {
                    "geometry": {"type": "Point", "coordinates": (east, north)},
                    "properties": {"name": name, "number": number},
                }
            )
    with fiona.open(path) as places:
        names = [place["properties"]["name"] for place in places]
        print(driver, len(places), names, places.crs.to_epsg(), [round(edge, 2) for edge in places.bounds])

east, north = transform("EPSG:4326", "EPSG:3857", [7.44], [46.95])
print(round(east[0]), round(north[0]))
