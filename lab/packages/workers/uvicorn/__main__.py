import sys

import uvicorn

if __name__ == "__main__":
    uvicorn.run("service:application", workers=2, port=int(sys.argv[1]), log_level="warning")
