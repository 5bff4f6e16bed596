import warnings

warnings.simplefilter("ignore")
import pkg_resources
import setuptools

print(pkg_resources.resource_string("measures", "units.txt").decode().split())
names = pkg_resources.resource_listdir("measures", "")
print(sorted(name for name in names if not name.startswith("_")), pkg_resources.resource_isdir("measures", "more"))
print(pkg_resources.resource_exists("measures", "none.txt"))
with pkg_resources.resource_stream("measures", "more/rare.txt") as stream:
    print(stream.read())
with open(pkg_resources.resource_filename("measures", "units.txt")) as units:
    print(units.readline().strip())
distribution = pkg_resources.get_distribution("setuptools")
print(distribution.project_name, distribution.version == setuptools.__version__)
print([str(found).split()[0] for found in pkg_resources.require("setuptools>=40")])
commands = {point.name: point for point in pkg_resources.iter_entry_points("distutils.commands")}
print("build_py" in commands, commands["build_py"].load().__name__)
try:
    pkg_resources.require("setuptools>=10000")
except pkg_resources.VersionConflict as error:
    print(type(error).__name__)
print(setuptools.find_packages("."), pkg_resources.parse_version("1.10") > pkg_resources.parse_version("1.9"))
